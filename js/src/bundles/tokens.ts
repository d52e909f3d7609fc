// The bundle of tokenizers.
import { TokenizePanel } from "../panels/tokenize";
import { widgetOf } from "../widget";

export const TOKENS = { tokenize: TokenizePanel };

export default widgetOf(TOKENS);
