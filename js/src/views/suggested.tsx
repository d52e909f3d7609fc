// A field to type into, and a list of what the kernel knows that it can be: by what is typed, or all by its button.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Channel } from "../channel";
import type { Form } from "../wire/workbench";
import { INPUT } from "../workbench/filled";

const PAUSE_MS = 150;

interface SuggestedProps {
  id: string;
  channel: Channel;
  /** What is filled in elsewhere. */
  form: Form;
  /** Which field it is, as the kernel names it. */
  field: string;
  value: string;
  placeholder?: string;
  /** Of what says more about it. */
  describedBy?: string;
  /** Its name, where no label element says it. */
  label?: string;
  isWrong?: boolean;
  /** Whether there is a button that lists all that it can be. */
  isPicked: boolean;
  onType(value: string): void;
}

export function Suggested(props: SuggestedProps) {
  const { id, channel, form, field, value, placeholder, describedBy, label, isWrong, isPicked, onType } =
    props;
  const [begun, begin] = useState<string | null>(null);
  const [at, goTo] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const found = useSuggestions(channel, form, field, begun);
  const isOpen = begun !== null && found !== null && (found.length > 0 || begun === "");
  const list = `${id}-list`;
  const open = (from: string | null) => {
    begin(from);
    goTo(-1);
  };
  const leave = useLeaving(input, begun !== null, () => open(null));
  const choose = (text: string) => {
    onType(text);
    open(text.endsWith("/") ? text : null); // a folder goes on
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" && begun === null) open(value);
    else if (event.key === "ArrowDown" && isOpen) goTo(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp" && isOpen) goTo(Math.max(at - 1, -1));
    else if (event.key === "Escape" && begun !== null) open(null);
    else if (event.key === "Enter" && isOpen && found[at] && !event.ctrlKey && !event.metaKey)
      choose(found[at][0]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="nbt-suggested">
      <input
        ref={input}
        id={id}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        dir="auto"
        value={value}
        placeholder={placeholder}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={isWrong || undefined}
        aria-autocomplete="list"
        aria-expanded={isOpen && found.length > 0}
        aria-controls={isOpen ? list : undefined}
        aria-activedescendant={isOpen && at >= 0 ? `${list}-${at}` : undefined}
        onBlur={leave}
        onKeyDown={onKeyDown}
        onInput={({ currentTarget }) => {
          onType(currentTarget.value);
          open(currentTarget.value);
        }}
      />
      {isPicked && (
        <button
          type="button"
          class="nbt-suggested-all"
          aria-label={`Choose ${label ?? field}`}
          tabIndex={-1}
          onMouseDown={(event) => event.preventDefault()} // the field keeps the focus
          onClick={() => {
            open(begun === null ? "" : null);
            input.current?.focus();
          }}
        >
          ▾
        </button>
      )}
      {isOpen && (
        <Choices id={list} label={label ?? field} found={found} at={at} onChoose={choose} onLook={goTo} />
      )}
    </div>
  );
}

/**
 * Closes a list once its field is left: at once by keys, and by the pointer when that has clicked. A list that goes
 * while it is down would move what is pressed from under it, and nothing would be clicked.
 */
function useLeaving(
  input: RefObject<HTMLInputElement | null>,
  isOpen: boolean,
  close: () => void,
): () => void {
  const isDown = useRef(false);
  const end = useRef(close);
  end.current = close;
  useEffect(() => {
    const page = input.current?.ownerDocument;
    if (!isOpen || !page) return;
    const down = () => {
      isDown.current = true;
    };
    const up = () => {
      isDown.current = false;
      setTimeout(() => input.current?.matches(":focus") || end.current());
    };
    const listeners = { pointerdown: down, pointerup: up, pointercancel: up };
    for (const [name, listener] of Object.entries(listeners)) page.addEventListener(name, listener, true);
    return () => {
      isDown.current = false;
      for (const [name, listener] of Object.entries(listeners))
        page.removeEventListener(name, listener, true);
    };
  }, [input, isOpen]);
  return () => isDown.current || close();
}

type Found = readonly (readonly [text: string, about: string])[];

interface ChoicesProps {
  id: string;
  label: string;
  found: Found;
  /** The one that Enter takes. */
  at: number;
  onChoose(text: string): void;
  onLook(at: number): void;
}

function Choices({ id, label, found, at, onChoose, onLook }: ChoicesProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    element.current?.children[at]?.scrollIntoView?.({ block: "nearest" });
  }, [at]);
  if (found.length === 0)
    return (
      <p class="nbt-suggested-list nbt-suggested-none" id={id} role="status">
        Nothing is known that it can be: type it.
      </p>
    );
  return (
    <div ref={element} class="nbt-suggested-list" id={id} role="listbox" aria-label={label}>
      {found.map(([text, about], number) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
        // biome-ignore lint/a11y/useFocusableInteractive: the field has the focus
        <div
          key={text}
          id={`${id}-${number}`}
          role="option"
          class="nbt-suggested-one"
          aria-selected={number === at}
          onMouseDown={(event) => event.preventDefault()}
          onMouseMove={() => number !== at && onLook(number)}
          onClick={() => onChoose(text)}
        >
          <bdi>{text}</bdi> <span class="nbt-aside">{about}</span>
        </div>
      ))}
    </div>
  );
}

/** What goes on from what is begun; null while that is null, or not known yet. */
function useSuggestions(channel: Channel, form: Form, field: string, begun: string | null): Found | null {
  const [found, setFound] = useState<Found | null>(null);
  // Nothing is suggested by texts, which may be long.
  const text = form.source === "text" ? "" : form.text;
  const read = `${form.task} ${form.source} ${text}`;
  useEffect(() => {
    setFound(null);
    if (begun === null) return;
    const ended = new AbortController();
    const ask = () =>
      channel
        .request<{ suggestions: Found }>(
          "suggest",
          { form: { ...form, text }, field, begun },
          { signal: ended.signal },
        )
        .then(({ result }) => setFound(result.suggestions))
        // It can still be typed.
        .catch(() => {});
    const timer = setTimeout(ask, begun === "" ? 0 : PAUSE_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [channel, begun, field, field === INPUT ? form.source : read]);
  return found;
}
