// Files of a panel: what is on the screen, as pictures, and what the kernel writes beside the notebook.
import type { ComponentChildren, RefObject } from "preact";
import type { Channel } from "../channel";
import { Said, useWriting } from "./export";
import { PictureFiles, usePictureFailure } from "./picturefiles";

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

export function FilesBar({ channel, title, pictures, files, params, about, children }: FilesBarProps) {
  const { state, write } = useWriting(channel);
  const [failure, tell] = usePictureFailure();
  return (
    <section class="nbt-export" aria-label="Export">
      <PictureFiles title={title} root={pictures} tell={tell} />
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
        {failure || <Said state={state}>{about}</Said>}
      </output>
      {children}
    </section>
  );
}
