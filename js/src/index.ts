// Every kind in one widget, for the development page and the tests; a notebook is sent one of the bundles.
import { ATTENTION } from "./bundles/attention";
import { MODELS } from "./bundles/models";
import { READING } from "./bundles/panel";
import { RUNS } from "./bundles/runs";
import { TOKENS } from "./bundles/tokens";
import { TRAINING } from "./bundles/training";
import { VECTORS } from "./bundles/vectors";
import { WORKBENCH } from "./bundles/workbench";
import { widgetOf } from "./widget";

export default widgetOf({
  ...READING,
  ...TOKENS,
  ...VECTORS,
  ...ATTENTION,
  ...TRAINING,
  ...RUNS,
  ...WORKBENCH,
  ...MODELS,
});
