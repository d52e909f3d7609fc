// Whether the kernel that told of runs is still there. The runs themselves do not need it.
import { useEffect, useState } from "preact/hooks";
import type { Host } from "../host";

export { LOST } from "../host";

/** Whether it is gone: nothing more will come, and nothing can be asked. */
export function useLost(host: Host): boolean {
  const [isLost, setLost] = useState(host.isLost);
  useEffect(() => host.onLost(() => setLost(true)), [host]);
  return isLost;
}
