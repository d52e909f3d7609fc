// The bundle of models and of datasets.
import { DatasetPanel } from "../panels/dataset";
import { DatasetsPanel } from "../panels/datasets";
import { ModelsPanel } from "../panels/models";
import { widgetOf } from "../widget";

export const MODELS = { dataset: DatasetPanel, datasets: DatasetsPanel, models: ModelsPanel };

export default widgetOf(MODELS);
