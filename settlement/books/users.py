"""Who may do what: a file of users with roles and the hashes of their tokens.

In: a path, a token. Out: the user. The file holds SHA-256 of random tokens, never a token; a token is shown once.
Roles: `viewer` reads; `clerk` also assigns, adds evidence and proposes; `approver` also approves and rejects; `peer` is
the other party, named by its provider code, and may only compare hashes of its own days.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from settlement.clearing.dispute import same_person
from settlement.files.writing import write_whole
from settlement.intake.problems import UnusableInputError

PEER: Final = "peer"
ROLES: Final = ("viewer", "clerk", "approver", PEER)
READERS: Final = ("viewer", "clerk", "approver")
ACTORS: Final = ("clerk", "approver")
APPROVERS: Final = ("approver",)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a token. `token_sha256`: 64 hex digits."""

    name: str
    role: str
    token_sha256: str


class Users:
    """The users of a file, read anew where the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] = (0, 0)
        self._users: Sequence[User] = ()
        self.listed()

    def listed(self) -> Sequence[User]:
        """All users; UnusableInputError names what is wrong with the file."""
        try:
            status = self._path.stat()
            if (status.st_mtime_ns, status.st_size) != self._seen:
                self._users = _users(self._path, json.loads(self._path.read_text(encoding="utf-8")))
                self._seen = (status.st_mtime_ns, status.st_size)
        except (OSError, ValueError) as error:
            raise UnusableInputError(f"{self._path}: no file of users ({error}); see `settlement users new`") from error
        return self._users

    def of_token(self, token: str) -> User | None:
        """Whose token it is."""
        digest = hash_of(token)
        found = None
        for user in self.listed():
            if hmac.compare_digest(user.token_sha256, digest):
                found = user
        return found


def hash_of(token: str) -> str:
    """What the file holds of a token."""
    return hashlib.sha256(token.strip().encode()).hexdigest()


def add_user(path: Path, name: str, role: str) -> str:
    """Add a user, or give a known one a new token and role; the token."""
    if role not in ROLES:
        raise UnusableInputError(f"--role {role}: one of {', '.join(ROLES)}")
    if not name.strip():
        raise UnusableInputError("the name is empty")
    known: Sequence[User] = Users(path).listed() if path.exists() else ()
    users = [user for user in known if not same_person(user.name, name)]
    token = secrets.token_urlsafe(24)
    users.append(User(name.strip(), role, hash_of(token)))
    content = json.dumps({"users": [asdict(user) for user in users]}, ensure_ascii=False, indent=2) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)

    def fill(part: Path) -> None:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)

    write_whole(path, fill)
    return token


def _users(path: Path, content: object) -> list[User]:
    listed = content.get("users") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        raise UnusableInputError(f'{path}: must look like {{"users": [{{"name", "role", "token_sha256"}}]}}')
    users: list[User] = []
    for number, one in enumerate(listed, start=1):
        try:
            user = User(**one)
        except TypeError as error:
            raise UnusableInputError(f"{path}: user {number}: {error}") from error
        if user.role not in ROLES or len(str(user.token_sha256)) != 64 or not str(user.name).strip():
            raise UnusableInputError(f"{path}: user {number}: name, role ({', '.join(ROLES)}) or hash is none")
        if any(same_person(user.name, other.name) for other in users):
            raise UnusableInputError(f"{path}: {user.name} stands twice; one person has one token")
        users.append(user)
    return users
