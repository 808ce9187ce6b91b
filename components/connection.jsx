import { useContext, useEffect, useState } from "react";
import { EventLoopContext } from "$/utils/context";

/** Says so when the server has been out of reach for a while, and again when it is back. */
export function Connection({ patience = 2000, lostText, foundText }) {
  const [, errors] = useContext(EventLoopContext) ?? [];
  const failing = (errors?.length ?? 0) > 0;
  const [lost, setLost] = useState(false);
  const [found, setFound] = useState(false);
  useEffect(() => {
    if (failing) {
      const timer = setTimeout(() => setLost(true), patience);
      return () => clearTimeout(timer);
    }
    if (!lost) return undefined;
    setLost(false);
    setFound(true);
    const timer = setTimeout(() => setFound(false), patience);
    return () => clearTimeout(timer);
  }, [failing, lost, patience]);
  return (
    <div className="connection" role="status" data-state={lost ? "lost" : found ? "found" : "fine"}>
      {lost ? lostText : found ? foundText : null}
    </div>
  );
}
