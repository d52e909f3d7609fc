// The bundle of what is read from texts, and of what is written on from them.
import { AnswerPanel } from "../panels/answer";
import { ClassifyPanel } from "../panels/classify";
import { EntitiesPanel } from "../panels/entities";
import { FillPanel } from "../panels/fill";
import { GeneratePanel } from "../panels/generate";
import { StoredPanel } from "../panels/stored";
import { widgetOf } from "../widget";

export const READING = {
  answer: AnswerPanel,
  classify: ClassifyPanel,
  entities: EntitiesPanel,
  fill: FillPanel,
  generate: GeneratePanel,
  stored: StoredPanel,
};

export default widgetOf(READING);
