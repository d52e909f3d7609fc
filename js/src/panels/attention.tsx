// The attention inspector: what every view of it is given is in views/looking.ts.
export type { Look, ViewProps } from "../views/looking";
