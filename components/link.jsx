import { Link, useLocation } from "react-router";

const plain = (path) => (path.length > 1 ? path.replace(/\/+$/, "") : path);

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

/** A link to this very page with one parameter of the address set, whatever else the address says now. */
export function ParameterLink({ name, value, replace = false, children, ...rest }) {
  const here = useLocation();
  const parameters = new URLSearchParams(here.search);
  parameters.set(name, value);
  return (
    <Link {...rest} replace={replace} to={`${here.pathname}?${parameters}`}>
      {children}
    </Link>
  );
}
