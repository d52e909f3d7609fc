// The button that ends the work and keeps what came.
import { useState } from "preact/hooks";

/** `stop` says whether the host could be asked. */
export function StopButton({ stop }: { stop(): Promise<boolean> }) {
  const [said, say] = useState("");
  return (
    <span class="nbt-stop">
      {said}
      <button
        type="button"
        class="nbt-button nbt-button-outlined"
        disabled={said !== ""}
        onClick={() => {
          say("Stopping…");
          stop().then((asked) => asked || say("Press the notebook's ■ (interrupt)"));
        }}
      >
        <span aria-hidden="true">■</span> Stop
      </button>
    </span>
  );
}
