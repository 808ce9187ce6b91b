import { useContext, useEffect, useState } from "react";
import { EventLoopContext } from "$/utils/context";

/** Says so when the server has been out of reach for a while, and again when it is back. */
export function Connection({ patience = 2000, lostText, foundText }) {
  const [, errors] = useContext(EventLoopContext) ?? [];
  const failing = (errors?.length ?? 0) > 0;
  const [state, setState] = useState("fine");
  useEffect(() => {
    if (!failing) {
      setState((before) => (before === "lost" ? "found" : before));
      return undefined;
    }
    const timer = setTimeout(() => setState("lost"), patience);
    return () => clearTimeout(timer);
  }, [failing, patience]);
  useEffect(() => {
    if (state !== "found") return undefined;
    const timer = setTimeout(() => setState("fine"), patience);
    return () => clearTimeout(timer);
  }, [state, patience]);
  return (
    <div className="connection" role="status" data-state={state}>
      {{ lost: lostText, found: foundText }[state] ?? null}
    </div>
  );
}
