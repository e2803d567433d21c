// The live connection. In: server-sent events of /live/events. Out: calls of the listener, and the state of the
// connection. Silence counts as loss: the server says something every two seconds. After a loss it connects again for
// ever, and the first event is a whole picture, so nothing old stays on the page.

const SILENCE_MS = 6_000;
const RETRY_MS = 1_500;
const KINDS = ["snapshot", "lanes", "passage", "alarms", "totals", "tick"];

export function connect(onEvent, onState) {
  let source = null;
  let heardAt = performance.now();
  let state = "connecting";

  const enter = (wanted) => {
    if (state === wanted) return;
    state = wanted;
    onState(state);
  };

  const open = () => {
    heardAt = performance.now();
    source = new EventSource("/live/events");
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        heardAt = performance.now();
        onEvent(kind, JSON.parse(event.data));
        if (kind === "snapshot") enter("live");
      });
    }
    source.onerror = reopen;
  };

  const reopen = () => {
    if (source === null) return;
    source.close();
    source = null;
    enter("lost");
    setTimeout(open, RETRY_MS);
  };

  setInterval(() => {
    if (source !== null && performance.now() - heardAt > SILENCE_MS) reopen();
  }, 1_000);
  open();
}
