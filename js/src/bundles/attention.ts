// The bundle of attention, and of what a prediction or a position is made of.
import { AttentionPanel } from "../panels/attention";
import { ExplainPanel } from "../panels/explain";
import { widgetOf } from "../widget";

export const ATTENTION = { attention: AttentionPanel, explain: ExplainPanel };

export default widgetOf(ATTENTION);
