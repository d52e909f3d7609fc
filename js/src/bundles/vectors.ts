// The bundle of embeddings, and of how alike texts are.
import { StoredPanel } from "../panels/stored";
import { VectorPanel } from "../panels/vectors";
import { widgetOf } from "../widget";

export const VECTORS = { embed: VectorPanel, similar: VectorPanel, stored: StoredPanel };

export default widgetOf(VECTORS);
