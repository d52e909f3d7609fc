// Files of a run: its curves as pictures, and as a table.
import type { RefObject } from "preact";
import { formatCount } from "../text";
import type { Run } from "../training/run";
import { csvOf } from "../training/table";
import { PictureFiles, usePictureFailure } from "./picturefiles";
import { saveText } from "./saving";

interface TrainingExportProps {
  run: Run;
  /** Where the curves stand; null where they are not in sight. */
  root: RefObject<HTMLElement | null> | null;
}

export function TrainingExport({ run, root }: TrainingExportProps) {
  const { name } = run.facts;
  const [failure, tell] = usePictureFailure();
  return (
    <section class="nbt-export" aria-label="Export">
      <PictureFiles title={`${name} curves`} root={root} tell={tell} />
      <button
        type="button"
        class="nbt-button nbt-button-outlined"
        title="A row a step, a column a curve"
        onClick={() => saveText(csvOf(run), "text/csv", `${name} curves.csv`)}
      >
        CSV
      </button>
      <output class="nbt-export-said" aria-live="polite">
        {failure || aboutOf(run, root !== null)}
      </output>
    </section>
  );
}

function aboutOf(run: Run, hasPictures: boolean): string {
  const pictures = hasPictures ? "" : "Pictures are of the curves: open them first. ";
  const [longest] = run.curves
    .map((name) => run.curve(name))
    .filter((points) => points !== undefined)
    .sort((a, b) => b.total - a.total);
  if (!longest || longest.isWhole) return `${pictures}The table has every step.`;
  const [here, all] = [longest.length, longest.total].map(formatCount);
  return `${pictures}The table has the ${here} steps that travelled here, of ${all}; run.steps() has all.`;
}
