// The bundle of all training runs.
import { RunsPanel } from "../panels/runs";
import { widgetOf } from "../widget";

export const RUNS = { runs: RunsPanel };

export default widgetOf(RUNS);
