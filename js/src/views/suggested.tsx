// A field to type into, with what the kernel knows that goes on from what is typed.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Channel, isAbort } from "../channel";
import type { Form } from "../wire/workbench";

const PAUSE_MS = 150;

let count = 0;

/** A name that no other element of the page has. */
export function useId(what: string): string {
  const [id] = useState(() => {
    count += 1;
    return `nbt-${what}-${count}-${Math.random().toString(36).slice(2, 8)}`;
  });
  return id;
}

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
  label?: string;
  isWrong?: boolean;
  onType(value: string): void;
}

export function Suggested({
  channel,
  form,
  field,
  value,
  describedBy,
  label,
  isWrong,
  ...rest
}: SuggestedProps) {
  const { id, placeholder, onType } = rest;
  const [found, setFound] = useState<readonly (readonly [text: string, about: string])[]>([]);
  const [isFocused, setFocused] = useState(false);
  const asked = useRef<AbortController | null>(null);
  // Nothing is suggested by texts, which may be long.
  const text = form.source === "text" ? "" : form.text;
  const read = `${form.task} ${form.source} ${text}`;
  useEffect(() => {
    if (!isFocused) return;
    const ended = new AbortController();
    asked.current = ended;
    const timer = setTimeout(() => {
      channel
        .request<{ suggestions: [string, string][] }>(
          "suggest",
          { form: { ...form, text }, field, begun: value },
          { signal: ended.signal },
        )
        .then(({ result }) => setFound(result.suggestions))
        .catch((error) => {
          if (!isAbort(error)) setFound([]);
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [channel, isFocused, value, field, field === "text" ? form.source : read]);
  const list = `${id}-list`;
  return (
    <>
      <input
        id={id}
        type="text"
        list={list}
        autocomplete="off"
        spellcheck={false}
        dir="auto"
        value={value}
        placeholder={placeholder}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={isWrong || undefined}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onInput={({ currentTarget }) => onType(currentTarget.value)}
      />
      <datalist id={list}>
        {found.map(([text, about]) => (
          <option key={text} value={text} label={about} />
        ))}
      </datalist>
    </>
  );
}
