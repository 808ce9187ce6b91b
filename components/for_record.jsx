import { useLocation } from "react-router";

/** Shows what stands in it when the address names the record, or, with `awaited`, until it does. */
export function ForRecord({ record, awaited = false, children }) {
  const parts = useLocation().pathname.split("/");
  const isIt = Boolean(record) && parts.includes(record);
  return isIt !== awaited ? children : null;
}
