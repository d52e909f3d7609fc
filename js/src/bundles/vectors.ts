// The bundle of embeddings, of how alike texts are, and of how positions are encoded.
import { PositionsPanel } from "../panels/positions";
import { StoredPanel } from "../panels/stored";
import { VectorPanel } from "../panels/vectors";
import { widgetOf } from "../widget";

export const VECTORS = {
  embed: VectorPanel,
  positions: PositionsPanel,
  similar: VectorPanel,
  stored: StoredPanel,
};

export default widgetOf(VECTORS);
