// The bundle of models.
import { ModelsPanel } from "../panels/models";
import { widgetOf } from "../widget";

export const MODELS = { models: ModelsPanel };

export default widgetOf(MODELS);
