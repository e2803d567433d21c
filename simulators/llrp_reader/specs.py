"""The ROSpecs and AccessSpecs that a reader holds, and the state of each. Pure.

In: the client's requests. Out: an `LLRPStatus` for each. Rules of LLRP 1.0.1 sections 10.1 and 11.1: a spec is added
disabled, its number is new and not 0, and number 0 in a request means all.
"""

from dataclasses import replace

from rfid.llrp.enums import ROSpecStartTriggerType, ROSpecState, StatusCode
from rfid.llrp.parameters.accessspec import AccessSpec
from rfid.llrp.parameters.basic import FieldError, LLRPStatus
from rfid.llrp.parameters.rospec import AISpec, ROBoundarySpec, ROSpec, ROSpecStartTrigger

SUCCESS = LLRPStatus(StatusCode.M_SUCCESS, "")


def refusal(text: str, code: StatusCode = StatusCode.M_FIELD_ERROR) -> LLRPStatus:
    """An error status whose first field is to blame."""
    return LLRPStatus(code, text, (FieldError(0, code),) if code is StatusCode.M_FIELD_ERROR else ())


class ROSpecs:
    """Reader operations by number."""

    def __init__(self) -> None:
        self.held: dict[int, ROSpec] = {}

    def add(self, spec: ROSpec | None) -> LLRPStatus:
        """ADD_ROSPEC."""
        if spec is None:
            return refusal("ROSpec missing", StatusCode.M_MISSING_PARAMETER)
        if spec.ro_spec_id == 0 or spec.ro_spec_id in self.held:
            return refusal(f"ROSpecID {spec.ro_spec_id} is 0 or exists already")
        if spec.current_state != ROSpecState.DISABLED or spec.first(ROBoundarySpec) is None:
            return refusal("ROSpec must be disabled and have a boundary", StatusCode.M_PARAMETER_ERROR)
        self.held[spec.ro_spec_id] = spec
        return SUCCESS

    def delete(self, number: int, nothing_is_error: bool) -> LLRPStatus:
        """DELETE_ROSPEC."""
        if number == 0 and (self.held or not nothing_is_error):
            self.held.clear()
            return SUCCESS
        return SUCCESS if self.held.pop(number, None) else refusal(f"no ROSpec {number}")

    def enable(self, number: int) -> LLRPStatus:
        """ENABLE_ROSPEC; an immediate start trigger starts it as well."""
        for spec in self._chosen(number):
            boundary = spec.first(ROBoundarySpec)
            trigger = boundary.first(ROSpecStartTrigger) if boundary else None
            at_once = trigger and trigger.ro_spec_start_trigger_type == ROSpecStartTriggerType.IMMEDIATE
            self._set(spec, ROSpecState.ACTIVE if at_once else ROSpecState.INACTIVE)
        return SUCCESS if self._chosen(number) else refusal(f"no ROSpec {number}")

    def disable(self, number: int) -> LLRPStatus:
        """DISABLE_ROSPEC."""
        for spec in self._chosen(number):
            self._set(spec, ROSpecState.DISABLED)
        return SUCCESS if self._chosen(number) else refusal(f"no ROSpec {number}")

    def start(self, number: int) -> LLRPStatus:
        """START_ROSPEC: only an enabled one."""
        return self._switch(number, ROSpecState.INACTIVE, ROSpecState.ACTIVE)

    def stop(self, number: int) -> LLRPStatus:
        """STOP_ROSPEC: only an active one."""
        return self._switch(number, ROSpecState.ACTIVE, ROSpecState.INACTIVE)

    def active_on(self, antenna: int) -> ROSpec | None:
        """The active ROSpec that inventories an antenna, if any."""
        for spec in self.held.values():
            antennas = [number for ai_spec in spec.every(AISpec) for number in ai_spec.antenna_ids]
            if spec.current_state == ROSpecState.ACTIVE and (0 in antennas or antenna in antennas):
                return spec
        return None

    def _chosen(self, number: int) -> list[ROSpec]:
        return [spec for key, spec in self.held.items() if number in (0, key)]

    def _set(self, spec: ROSpec, state: ROSpecState) -> None:
        self.held[spec.ro_spec_id] = replace(spec, current_state=state)

    def _switch(self, number: int, before: ROSpecState, after: ROSpecState) -> LLRPStatus:
        spec = self.held.get(number)
        if spec is None or spec.current_state != before:
            return refusal(f"ROSpec {number} does not exist or is not {before.name}")
        self._set(spec, after)
        return SUCCESS


class AccessSpecs:
    """Access operations by number."""

    def __init__(self) -> None:
        self.held: dict[int, AccessSpec] = {}

    def add(self, spec: AccessSpec | None) -> LLRPStatus:
        """ADD_ACCESSSPEC."""
        if spec is None:
            return refusal("AccessSpec missing", StatusCode.M_MISSING_PARAMETER)
        if spec.access_spec_id == 0 or spec.access_spec_id in self.held or spec.current_state:
            return refusal(f"AccessSpecID {spec.access_spec_id} is 0, exists already, or is not disabled")
        self.held[spec.access_spec_id] = spec
        return SUCCESS

    def delete(self, number: int) -> LLRPStatus:
        """DELETE_ACCESSSPEC."""
        if number == 0:
            self.held.clear()
            return SUCCESS
        return SUCCESS if self.held.pop(number, None) else refusal(f"no AccessSpec {number}")

    def switch(self, number: int, active: bool) -> LLRPStatus:
        """ENABLE_ACCESSSPEC and DISABLE_ACCESSSPEC."""
        chosen = [spec for key, spec in self.held.items() if number in (0, key)]
        for spec in chosen:
            self.held[spec.access_spec_id] = replace(spec, current_state=int(active))
        return SUCCESS if chosen else refusal(f"no AccessSpec {number}")

    def active(self) -> AccessSpec | None:
        """The first active one."""
        return next((spec for spec in self.held.values() if spec.current_state), None)
