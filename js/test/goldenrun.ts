// The runs of the golden file, as the page gets them.
import file from "../../tests/golden/training.json";

type Name = keyof typeof file;

export interface Answer {
  method: string;
  params: Record<string, number | string>;
  result: Record<string, unknown>;
  payload: DataView;
  told: Record<string, (number | null)[]>;
}

function viewOf(base64: string): DataView {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new DataView(bytes.buffer);
}

/** The traits of a run. */
export function goldenRun(name: Name) {
  const { header, payload_base64: payload } = file[name];
  return { kind: "training", header: header as Record<string, unknown>, payload: viewOf(payload) };
}

/** What is told while it goes on. */
export function goldenLive() {
  const { message, buffers_base64: buffers } = file.running.live;
  return { message, buffers: buffers.map(viewOf) };
}

export function goldenAnswers(name: Name): Answer[] {
  return (file[name].answers as unknown[]).map((one) => {
    const { payload_base64: payload, ...answer } = one as Answer & { payload_base64: string };
    return { ...answer, payload: viewOf(payload) };
  });
}
