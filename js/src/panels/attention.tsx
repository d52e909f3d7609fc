// The attention inspector: what every view of it is given is in views/looking.ts.
import { useMemo } from "preact/hooks";
import { attentionHeader, Reading } from "../wire/attention";
import { Sections } from "../wire/sections";
import type { ResultProps } from "./panel";
import { Result } from "./rowtable";

export function AttentionPanel({ header: raw, payload }: ResultProps) {
  const reading = useMemo(() => {
    const header = attentionHeader(raw);
    return new Reading(header, new Sections(header.sections, payload));
  }, [raw, payload]);
  return <Result rows={{ header: reading.header, progress: null }}>{null}</Result>;
}
