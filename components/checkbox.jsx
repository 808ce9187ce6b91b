import { useEffect, useRef } from "react";

/** A native checkbox that can be half checked. */
export function Checkbox({ indeterminate = false, checked, onToggle, onChange, ...input }) {
  const box = useRef(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = indeterminate;
  }, [indeterminate, checked]);
  const state =
    checked === undefined || checked === null
      ? {}
      : { checked, onChange: (event) => onToggle?.(event.target.checked) };
  return (
    <input
      {...input}
      {...state}
      ref={box}
      type="checkbox"
      onClick={checked === undefined ? (event) => onToggle?.(event.target.checked) : undefined}
    />
  );
}

/** The checkbox of a row: with Shift it also takes the rows between this one and the last. */
export function RowCheckbox({ row, checked, onSelect, ...input }) {
  const select = (event) => {
    const box = event.currentTarget;
    const table = box.closest("[data-selection]");
    const boxes = table ? [...table.querySelectorAll("input[data-select-row]")] : [box];
    const here = boxes.indexOf(box);
    const before = table ? boxes.findIndex((each) => each.dataset.selectRow === table.dataset.last) : -1;
    const range =
      event.nativeEvent.shiftKey && before >= 0
        ? boxes.slice(Math.min(here, before), Math.max(here, before) + 1)
        : [box];
    if (table) table.dataset.last = row;
    onSelect?.(range.map((each) => each.dataset.selectRow), box.checked);
  };
  return (
    <label className="row-checkbox">
      <input
        {...input}
        type="checkbox"
        className="checkbox"
        data-select-row={row}
        checked={checked}
        onClick={select}
        onChange={() => {}}
      />
    </label>
  );
}

/** The checkbox in the head: all rows of this page, some, or none. */
export function PageCheckbox({ rows = [], rowKey, selected = [], all = false, onSelect, ...input }) {
  const ids = rows.map((row) => String(row[rowKey]));
  const chosen = all ? ids.length : ids.filter((id) => selected.includes(id)).length;
  return (
    <label className="row-checkbox">
      <Checkbox
        {...input}
        className="checkbox"
        checked={ids.length > 0 && chosen === ids.length}
        indeterminate={chosen > 0 && chosen < ids.length}
        disabled={ids.length === 0}
        onToggle={(checked) => onSelect?.(ids, checked)}
      />
    </label>
  );
}
