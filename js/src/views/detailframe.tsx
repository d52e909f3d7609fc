// All that is known of one thing of a list: its name, what it says of itself, its facts, and what can be done with it.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Channel } from "../channel";
import { useAction } from "./action";
import { CloseIcon } from "./icons";
import { WithCode } from "./withcode";

interface Known {
  description: string;
  facts: [name: string, value: string][];
}

interface DetailProps<T extends Known> {
  id: string;
  /** What it is, such as `The model a`. */
  label: string;
  name: string;
  asked: DetailAsked<T>;
  /** Null where it is all that is shown. */
  close: (() => void) | null;
  children?: ComponentChildren;
}

export interface DetailAsked<T> {
  known: T | null;
  isAsking: boolean;
  problem: string | null;
}

/** What is known of it; asked again when `now` has changed, and not while that is null. */
export function useDetail<T>(channel: Channel, name: string, now: unknown = ""): DetailAsked<T> {
  const { state, ask } = useAction<T>(channel);
  const [known, setKnown] = useState<T | null>(null);
  useEffect(() => {
    if (now !== null) ask("detail", { name });
  }, [channel, name, now]);
  useEffect(() => {
    if (state.kind === "answered") setKnown(state.answer);
  }, [state]);
  return {
    known,
    isAsking: state.kind === "asking",
    problem: state.kind === "failed" ? state.message : null,
  };
}

export function DetailFrame<T extends Known>({ id, label, name, asked, close, children }: DetailProps<T>) {
  const { known, isAsking, problem } = asked;
  return (
    <section
      id={id}
      class="nbt-models-detail"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || close === null) return;
        event.stopPropagation();
        close();
      }}
    >
      {close !== null && (
        <div class="nbt-models-name">
          <h3>
            <bdi>{name}</bdi>
          </h3>
          <button type="button" class="nbt-icon-button" aria-label={`Close ${name}`} onClick={close}>
            <CloseIcon />
          </button>
        </div>
      )}
      {isAsking && known === null && (
        <p class="nbt-aside" role="status">
          <span class="nbt-spinner" /> Looking at it…
        </p>
      )}
      {problem !== null && (
        <p class="nbt-bad" role="alert">
          <WithCode text={problem} />
        </p>
      )}
      {known && (
        <>
          {known.description && <p dir="auto">{known.description}</p>}
          <dl>
            {known.facts.map(([fact, value]) => (
              <div key={fact}>
                <dt>{fact}</dt>
                <dd dir="auto">{value}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      {children}
    </section>
  );
}
