import { useEffect, useLayoutEffect, useReducer, useState } from "react";
import { PrefetchPageLinks, useLocation, useNavigate } from "react-router";
import { eventLoop } from "$/utils/context-registry";
import { isUnsaved } from "$/public/external/components/leave_guard.jsx";

let navigate;
let prefetch;

const plain = (path) => (path.length > 1 ? path.replace(/\/+$/, "") : path);
const pathOf = ({ pathname, search, hash }) => `${pathname}${search}${hash}`;

/**
 * Has the server asked for what a new address shows as soon as its page is drawn, and not only when that is painted.
 *
 * Reflex asks in an effect, which React runs after painting, but before it draws anything else.
 */
function useAskingAtOnce() {
  const [, drawAnew] = useReducer((count) => count + 1, 0);
  const { key } = useLocation();
  useLayoutEffect(drawAnew, [key]);
}

/** Stands around all pages: what their links lead to is opened without loading the page anew. */
export function Navigation({ children }) {
  const [next, setNext] = useState("");
  const go = useNavigate();
  useAskingAtOnce();
  useEffect(() => {
    navigate = go;
    prefetch = setNext;
  }, [go]);
  return (
    <>
      {children}
      {next ? <PrefetchPageLinks page={next} /> : null}
    </>
  );
}

/** A link within the application.
 *
 * Unlike the router's own it does not listen to the address: of those the rows of a list hold hundreds, and all
 * would be drawn anew at every step.
 */
export function Link({ to, replace, onClick, children, ...rest }) {
  const follow = (event) => {
    onClick?.(event);
    const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (event.defaultPrevented || !navigate || event.button !== 0 || elsewhere) return;
    event.preventDefault();
    const there = pathOf(event.currentTarget);
    navigate(there, { replace: replace ?? there === pathOf(window.location) });
  };
  // The router loads the whole page anew when the next one's code does not come, as when the server is lost.
  const comes = (event) => {
    if (!isUnsaved() && !eventLoop.connectErrors.length) prefetch?.(event.currentTarget.pathname);
  };
  return (
    <a {...rest} href={to} onClick={follow} onPointerEnter={comes} onFocus={comes}>
      {children}
    </a>
  );
}

/** A link that knows when it leads to the page we are on. */
export function NavigationLink({ to, exact = false, children, ...rest }) {
  const here = plain(useLocation().pathname);
  const there = plain(String(to ?? "").split(/[?#]/)[0]);
  const current = here === there || (!exact && there !== "/" && here.startsWith(`${there}/`));
  return (
    <Link {...rest} to={to} aria-current={current ? "page" : undefined}>
      {children}
    </Link>
  );
}

/** The address of this very page with some parameters set, empty ones left out, on the first page of its list. */
export function addressWith(changes) {
  const parameters = new URLSearchParams(window.location.search);
  for (const [name, value] of [...changes, ["cursor", ""], ["from", ""]]) {
    if (value) parameters.set(name, value);
    else parameters.delete(name);
  }
  const query = String(parameters);
  return window.location.pathname + (query ? `?${query}` : "");
}

/** A link to this very page with one parameter of the address set, whatever else the address says now. */
export function ParameterLink({ name, value, replace, children, ...rest }) {
  const here = useLocation();
  const parameters = new URLSearchParams(here.search);
  parameters.set(name, value);
  return (
    <Link {...rest} replace={replace || undefined} to={`${here.pathname}?${parameters}`}>
      {children}
    </Link>
  );
}
