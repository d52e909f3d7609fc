// The pictures of a panel as files.
import type { ComponentChild, RefObject } from "preact";
import { useState } from "preact/hooks";
import { type PictureKind, savePictures } from "./pictures";

const PICTURES: readonly (readonly [PictureKind, string])[] = [
  ["png", "Picture as seen"],
  ["svg", "Picture as SVG"],
];

interface PictureFilesProps {
  /** What they are called. */
  title: string;
  /** Where they stand; null where there is none in sight. */
  root: RefObject<HTMLElement | null> | null;
  /** Told whether one could not be made. */
  tell(failed: boolean): void;
}

/** The buttons that save them. */
export function PictureFiles({ title, root, tell }: PictureFilesProps) {
  if (!root) return null;
  const save = (kind: PictureKind) => {
    if (!root.current) return;
    tell(false);
    savePictures(root.current, title, kind).catch(() => tell(true));
  };
  return (
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
  );
}

/** Whether a picture could not be made, and what to tell that by. */
export function usePictureFailure(): [said: ComponentChild, tell: (failed: boolean) => void] {
  const [failed, tell] = useState(false);
  return [
    failed && <span class="nbt-bad">This page cannot make that picture: take the other one.</span>,
    tell,
  ];
}
