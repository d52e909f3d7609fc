// The bundle of attention, and of what a prediction or a position is made of.
import { AttentionPanel } from "../panels/attention";
import { widgetOf } from "../widget";

export const ATTENTION = { attention: AttentionPanel };

export default widgetOf(ATTENTION);
