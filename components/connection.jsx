import { useContext, useEffect, useState } from "react";
import { useParams } from "react-router";
import { EventLoopContext } from "$/utils/context";
import { eventLoop } from "$/utils/context-registry";

const READING = 8000;

let parameters = {};

/** Where the tab is now, as Reflex tells the server. */
function place() {
  const { pathname, search, hash } = window.location;
  const query = { ...Object.fromEntries(new URLSearchParams(search)), ...parameters };
  return { pathname, asPath: pathname + search + hash, query };
}

/**
 * Every event names the page on which it was made. Reflex would name the one that is open when it is sent: after
 * a lost connection that may be another record's.
 */
function placed(event) {
  if (Array.isArray(event)) return event.map(placed);
  if (!event?.name?.startsWith("reflex___state") || event.router_data) return event;
  return { ...event, router_data: place() };
}

let send = eventLoop.addEvents;
const addEvents = (events, ...rest) => send(placed(Array.isArray(events) ? events : [events]), ...rest);
Object.defineProperty(eventLoop, "addEvents", {
  configurable: true,
  get: () => addEvents,
  set: (value) => {
    if (value !== addEvents) send = value;
  },
});

/** Says so when the server has been out of reach for a while, and again when it is back; and what
 *  the server itself has to say besides. */
export function Connection({ patience = 2000, lostText, foundText, notice }) {
  parameters = useParams();
  const [, errors] = useContext(EventLoopContext) ?? [];
  const failing = (errors?.length ?? 0) > 0;
  const [state, setState] = useState("fine");
  const [told, setTold] = useState(null);
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
    setTold(null);
    const timer = setTimeout(() => setState("fine"), patience);
    return () => clearTimeout(timer);
  }, [state, patience]);
  useEffect(() => {
    if (notice?.id) setTold({ id: notice.id, text: notice.text, lasting: notice.lasting });
  }, [notice?.id]);
  useEffect(() => {
    // A lasting one goes when the connection is back; if it never was away for long, after a while.
    if (!told || (told.lasting && failing)) return undefined;
    const timer = setTimeout(() => setTold(null), READING);
    return () => clearTimeout(timer);
  }, [told, failing]);
  return (
    <div className="connection" role="status" data-state={told ? "told" : state}>
      {told?.text ?? { lost: lostText, found: foundText }[state] ?? null}
    </div>
  );
}
