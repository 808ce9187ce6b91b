import { memo } from "react";

// In development a page changes while it is open.
const isSame = () => !import.meta.hot;

/** What stands in it is not drawn anew when the address changes; what listens to a state or to the address still is. */
export const DrawnOnce = memo(function DrawnOnce({ children }) {
  return children;
}, isSame);
