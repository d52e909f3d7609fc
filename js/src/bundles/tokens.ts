// The bundle of tokenizers, and of what each token adds to a prediction.
import { ExplainPanel } from "../panels/explain";
import { TokenizePanel } from "../panels/tokenize";
import { widgetOf } from "../widget";

export const TOKENS = { explain: ExplainPanel, tokenize: TokenizePanel };

export default widgetOf(TOKENS);
