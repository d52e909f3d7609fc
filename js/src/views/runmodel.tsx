// The model of a run in use: what to type for it, and, where the reader says so, as a default of the session.
import { useEffect, useRef } from "preact/hooks";
import type { Channel } from "../channel";
import { useAction } from "./action";
import { CopyButton } from "./copybutton";

interface RunModelProps {
  name: string;
  channel: Channel;
  close(): void;
}

interface Offer {
  line: string;
  settings: string[];
}

export function RunModel({ name, channel, close }: RunModelProps) {
  const asked = useAction<Offer>(channel, name);
  const used = useAction<object>(channel, name);
  const line = useRef<HTMLElement>(null);
  const section = useRef<HTMLElement>(null);
  useEffect(() => asked.ask("model", { name }), [name, channel]);
  // It stands below all rows, and whoever walks by keys is to be there.
  useEffect(() => section.current?.focus(), [name]);
  const failed = [asked.state, used.state].find(({ kind }) => kind === "failed");
  return (
    <section class="nbt-run-model" aria-label={`The model of ${name}`} tabIndex={-1} ref={section}>
      <p>
        The model of <bdi class="nbt-run-name">{name}</bdi> is at hand wherever a model is named.
      </p>
      {asked.state.kind === "answered" && (
        <>
          <p class="nbt-tools">
            <code ref={line} dir="ltr">
              {asked.state.answer.line}
            </code>
            <CopyButton text={() => line.current?.textContent ?? ""} element={line} />
          </p>
          <InSession
            settings={asked.state.answer.settings}
            state={used.state.kind}
            use={() => used.ask("use", { name })}
          />
        </>
      )}
      {failed?.kind === "failed" && (
        <p class="nbt-bad" role="alert">
          {failed.message}
        </p>
      )}
      <button type="button" class="nbt-button" onClick={close}>
        Close
      </button>
    </section>
  );
}

function InSession({ settings, state, use }: { settings: string[]; state: string; use(): void }) {
  const magics = settings.map((setting) => `%%${setting.split(".")[0]}`).join(" and ");
  if (state === "answered")
    return (
      <p role="status">
        {`${magics} ${settings.length > 1 ? "take" : "takes"} it in this session, unless told otherwise. `}
        {settings.map((setting) => (
          <code key={setting}>{`%nbt unset ${setting}`}</code>
        ))}
        {" takes that back."}
      </p>
    );
  return (
    <p class="nbt-tools">
      <button
        type="button"
        class="nbt-button nbt-button-outlined"
        disabled={state === "asking"}
        onClick={use}
      >
        Use in this session
      </button>
      <span class="nbt-aside">{`Then ${magics} needs no --model.`}</span>
    </p>
  );
}
