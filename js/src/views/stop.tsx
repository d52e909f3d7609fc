// The button that ends the work and keeps what came.
import { useEffect, useState } from "preact/hooks";

/** Work that is asked to stop ends within a token; a kernel that is busy hears nothing, nor does one that is gone. */
const PATIENCE_MS = 8_000;

const STOPPING = "Stopping…";

/** `stop` says whether the host could be asked. */
export function StopButton({ stop }: { stop(): Promise<boolean> }) {
  const [said, say] = useState("");
  useEffect(() => {
    if (said !== STOPPING) return;
    const timer = setTimeout(() => say("No answer: the kernel is busy with a cell, or gone"), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <span class="nbt-stop">
      {said}
      <button
        type="button"
        class="nbt-button nbt-button-outlined"
        disabled={said !== ""}
        onClick={() => {
          say(STOPPING);
          stop().then((asked) => asked || say("Press the notebook's ■ (interrupt)"));
        }}
      >
        <span aria-hidden="true">■</span> Stop
      </button>
    </span>
  );
}
