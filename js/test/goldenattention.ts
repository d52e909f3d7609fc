// The file that both ends of the wire of attention are held to.
import file from "../../tests/golden/attention.json";
import { attentionHeader, Reading } from "../src/wire/attention";
import { type Section, Sections } from "../src/wire/sections";
import { viewAt } from "./golden";

export const ATTENTION_CASES = Object.keys(file) as (keyof typeof file)[];

export function attentionCase(name: keyof typeof file) {
  const { header, payload_base64, ...told } = file[name];
  const payload = viewAt(bytesOf(payload_base64), 0);
  const checked = attentionHeader(header as Record<string, unknown>);
  const reading = new Reading(checked, new Sections(checked.sections, payload));
  return { header, payload, reading, told };
}

/** What the kernel answers to a question, and what it tells. */
export function answersOf(name: keyof typeof file) {
  return file[name].answers.map(({ method, params, result, payload_base64, told }) => ({
    method,
    params: params as Record<string, unknown>,
    result: result as Record<string, unknown> & { sections: Section[] },
    payload: viewAt(bytesOf(payload_base64), 0),
    told: told as unknown[],
  }));
}

function bytesOf(encoded: string): Uint8Array {
  return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
}
