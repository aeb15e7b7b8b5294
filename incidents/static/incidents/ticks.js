// The button « Tout cocher » above a list of checkboxes, or « Tout décocher » once all are ticked.
for (const button of document.querySelectorAll("[data-ticks]")) {
  const boxes = [...button.form.querySelectorAll(`input[type=checkbox][name="${button.dataset.ticks}"]`)];
  const name = () => { button.textContent = boxes.every((box) => box.checked) ? "Tout décocher" : "Tout cocher"; };
  button.hidden = boxes.length < 2;
  button.addEventListener("click", () => {
    const ticked = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = ticked;
    name();
  });
  button.form.addEventListener("change", name);
  name();
}
