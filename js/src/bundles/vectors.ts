// The bundle of embeddings, and of how alike texts are.
import { VectorPanel } from "../panels/vectors";
import { widgetOf } from "../widget";

export const VECTORS = { embed: VectorPanel, similar: VectorPanel };

export default widgetOf(VECTORS);
