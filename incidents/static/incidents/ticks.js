// « Tout cocher » above a list of boxes; « Tout décocher » once they all are.
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
