// What can be done with a model: it is allowed, pinned, made the default, fetched, or used by a cell.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Host } from "../host";
import { cellOf } from "../models/cell";
import type { ModelsInUse } from "../models/use";
import type { ModelDetail as Known } from "../wire/models";
import { CodeText } from "./codetext";
import { ModelDownload } from "./modeldownload";
import { TypedField } from "./typedfield";

interface UseProps {
  known: Known;
  models: ModelsInUse;
  host: Host;
  cell: string | null;
}

/** What can be done with it: at the commit that it has now, where the reader says so. */
export function ModelUse({ known, models, host, cell }: UseProps) {
  const [isPinned, pin] = useState(false);
  const [ticked, setTicked] = useState<readonly string[]>([]);
  const [target, setTarget] = useState("");
  const { name, revision } = known;
  const at = isPinned ? revision : null;
  const options = known.passes_with.map(([option]) => option);
  const allowed = options.filter((option) => ticked.includes(option));
  // What the gate refuses whatever is ticked, or as long as it is not, no cell can use either.
  const isUsable = known.passes || (options.length > 0 && allowed.length === options.length);
  const into = known.cell?.target || target;
  const wanted = at === null ? name : `${name}@${at}`;
  const isUsual = models.usual === wanted;
  return (
    <>
      {known.passes_with.map(([option, label]) => (
        <Box
          key={option}
          isTicked={ticked.includes(option)}
          tick={(on) => setTicked(on ? [...ticked, option] : ticked.filter((one) => one !== option))}
        >
          {label}, <code>--{option}</code>
        </Box>
      ))}
      {revision !== null && (
        <Box isTicked={isPinned} tick={pin}>
          Pin the revision that it has now, <code>{revision.slice(0, 7)}</code>
        </Box>
      )}
      <div class="nbt-tools">
        <button
          type="button"
          class="nbt-button nbt-button-outlined"
          disabled={isUsual || !isUsable}
          title={
            isUsable
              ? "Magics take it where no other model is named"
              : "The load gate does not let it pass so"
          }
          onClick={() => models.use(name, at)}
        >
          Use in this session
        </button>
        <ModelDownload known={known} revision={at} models={models} allowed={allowed} />
      </div>
      {isUsual && (
        <p role="status">
          <bdi class="nbt-models-wanted">{wanted}</bdi> is the default of this session;{" "}
          <code>%nbt unset model</code> takes it back.
          {options.length > 0 && (
            <>
              {" "}
              Each cell has to say <code>{options.map((option) => `--${option}`).join(" ")}</code> besides.
            </>
          )}
        </p>
      )}
      {known.cell !== null && isUsable && (
        <>
          {known.cell.target === "" && (
            <div class="nbt-tools">
              <TypedField
                label="Translate into"
                hint="such as de"
                known={known.languages}
                value={into}
                onType={setTarget}
              />
              {into.trim() === "" && (
                <span class="nbt-aside">A model of several languages has to be told one.</span>
              )}
            </div>
          )}
          {known.cell.target && (
            <p class="nbt-aside">
              It translates into <code>{known.cell.target}</code>, and into no other language.
            </p>
          )}
          <CodeText
            title="To use it once"
            text={cellOf(known.cell, { isPinned, allowed, target: into })}
            host={host}
            cell={cell}
          />
        </>
      )}
    </>
  );
}

interface BoxProps {
  isTicked: boolean;
  tick(on: boolean): void;
  children: ComponentChildren;
}

function Box({ isTicked, tick, children }: BoxProps) {
  return (
    <label class="nbt-models-check">
      <input
        type="checkbox"
        checked={isTicked}
        onChange={({ currentTarget }) => tick(currentTarget.checked)}
      />
      <span>{children}</span>
    </label>
  );
}
