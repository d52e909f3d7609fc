// The bundle of the workbench.
import { WorkbenchPanel } from "../panels/workbench";
import { widgetOf } from "../widget";

export const WORKBENCH = { workbench: WorkbenchPanel };

export default widgetOf(WORKBENCH);
