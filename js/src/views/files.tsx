// Files of a panel: what is on the screen, as pictures, and what the kernel writes beside the notebook.
import type { ComponentChildren, RefObject } from "preact";
import { useState } from "preact/hooks";
import type { Channel } from "../channel";
import { Said, useWriting } from "./export";
import { type PictureKind, savePictures } from "./pictures";

interface FilesBarProps {
  channel: Channel;
  /** What pictures are called. */
  title: string;
  /** Where the pictures stand; null where there is none in sight. */
  pictures: RefObject<HTMLElement | null> | null;
  /** What the kernel can write: how it is asked for, its name, and what it holds. */
  files: readonly (readonly [what: string, name: string, help: string])[];
  /** What of it. */
  params: object;
  /** What is said before anything is written. */
  about: string;
  children?: ComponentChildren;
}

const PICTURES: readonly (readonly [PictureKind, string])[] = [
  ["png", "Picture as seen"],
  ["svg", "Picture as SVG"],
];

export function FilesBar({ channel, title, pictures, files, params, about, children }: FilesBarProps) {
  const { state, write } = useWriting(channel);
  const [failed, setFailed] = useState(false);
  const save = (kind: PictureKind) => {
    if (!pictures?.current) return;
    setFailed(false);
    savePictures(pictures.current, title, kind).catch(() => setFailed(true));
  };
  return (
    <section class="nbt-export" aria-label="Export">
      {pictures && (
        <div class="nbt-export-formats">
          {PICTURES.map(([kind, name]) => (
            <button
              key={kind}
              type="button"
              class="nbt-button nbt-button-outlined"
              title="What is seen, in its colours; of what is scrolled, all"
              onClick={() => save(kind)}
            >
              {name}
            </button>
          ))}
        </div>
      )}
      <div class="nbt-export-formats">
        {files.map(([what, name, help]) => (
          <button
            key={what}
            type="button"
            class="nbt-button nbt-button-outlined"
            title={help}
            disabled={state.kind === "writing"}
            onClick={() => write({ what, ...params })}
          >
            {name}
          </button>
        ))}
      </div>
      <output class="nbt-export-said" aria-live="polite">
        {failed ? (
          <span class="nbt-bad">This page cannot make that picture: take the other one.</span>
        ) : (
          <Said state={state}>{about}</Said>
        )}
      </output>
      {children}
    </section>
  );
}
