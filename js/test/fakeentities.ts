// The golden file of entities, as Python sends it.
import file from "../../tests/golden/entities.json";
import type { EntitiesQuery } from "../src/query/entities";
import type { EntitiesHeader } from "../src/wire/entities";
import { viewAt } from "./golden";

const { payload_base64: encoded, ...told } = file.texts;

export const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));

export const goldenEntities = {
  header: told.header as unknown as EntitiesHeader & Record<string, unknown>,
  payload: viewAt(bytes, 0),
  rows: told.rows,
  queries: told.queries as unknown as {
    params: EntitiesQuery & { start: number; stop: number };
    total: number;
    positions: number[];
  }[],
};
