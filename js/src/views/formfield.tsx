// One option of a magic as a field: a box to tick, a choice, or something to type; with its help and its default.
import type { Channel } from "../channel";
import type { Field, Form, Value } from "../wire/workbench";
import { useId } from "./id";
import { Suggested } from "./suggested";
import { WithCode } from "./withcode";

interface FormFieldProps {
  field: Field;
  value: Value | undefined;
  form: Form;
  channel: Channel;
  /** Why what stands there cannot be. */
  mistake: string | null;
  onChange(value: Value): void;
}

export function FormField(props: FormFieldProps) {
  const { field, mistake } = props;
  const id = useId(field.name);
  const about = `${id}-about`;
  const isFlag = field.metavar === null;
  return (
    <div class={isFlag ? "nbt-field nbt-field-flag" : "nbt-field"}>
      {!isFlag && <label for={id}>{field.name}</label>}
      {isFlag ? <Flag {...props} id={id} about={about} /> : <Control {...props} id={id} about={about} />}
      <p id={about} class={mistake ? "nbt-field-help nbt-bad" : "nbt-field-help"}>
        {mistake ? <WithCode text={mistake} /> : field.help}
        {!mistake && field.from && ` Now ${field.default}, from ${field.from}.`}
      </p>
    </div>
  );
}

type ControlProps = FormFieldProps & { id: string; about: string };

function Flag({ id, about, field, value, mistake, onChange }: ControlProps) {
  return (
    <label for={id}>
      <input
        id={id}
        type="checkbox"
        checked={value === true}
        aria-describedby={about}
        aria-invalid={mistake !== null || undefined}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      {field.name}
    </label>
  );
}

function Control({ id, about, field, value, form, channel, mistake, onChange }: ControlProps) {
  const usual = field.default || (field.word ? field.metavar?.toLowerCase() : "") || "as usual";
  if (field.choices.length > 0 && !field.several)
    return (
      <select
        id={id}
        value={typeof value === "string" ? value : ""}
        aria-describedby={about}
        aria-invalid={mistake !== null || undefined}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {/* What a device with a number is, cuda:1, is no choice of the list. */}
        {[...new Set(["", ...field.choices, typeof value === "string" ? value : ""])].map((choice) => (
          <option key={choice} value={choice} selected={choice === (value ?? "")}>
            {choice || (field.default ? `${usual} (default)` : usual)}
          </option>
        ))}
      </select>
    );
  const shared = {
    channel,
    form,
    field: field.name,
    describedBy: about,
    isWrong: mistake !== null,
    isPicked: field.picked,
  };
  if (!field.several) {
    const text = typeof value === "string" ? value : "";
    return <Suggested {...shared} id={id} value={text} placeholder={usual} onType={onChange} />;
  }
  const values = Array.isArray(value) ? value : typeof value === "string" ? [value] : [];
  return (
    <>
      {[...values, ""].map((text, at) => (
        <Suggested
          {...shared}
          key={at}
          id={at === 0 ? id : `${id}-${at}`}
          {...(at > 0 ? { label: `${field.name}, one more` } : {})}
          value={text}
          placeholder={at === 0 ? usual : "one more"}
          onType={(typed) =>
            onChange([...values.slice(0, at), typed, ...values.slice(at + 1)].filter(Boolean))
          }
        />
      ))}
    </>
  );
}
