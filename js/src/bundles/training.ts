// The bundle of training runs.
import { TrainingPanel } from "../panels/training";
import { widgetOf } from "../widget";

export const TRAINING = { training: TrainingPanel };

export default widgetOf(TRAINING);
