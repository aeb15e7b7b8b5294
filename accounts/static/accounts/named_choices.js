/* The boxes by which Select2 replaces a list ignore its label: give them the name of the list. */
function nameChoices() {
  for (const list of document.querySelectorAll("select.admin-autocomplete[aria-label]")) {
    for (const box of list.parentElement.querySelectorAll("[role=combobox], [role=textbox]")) {
      box.setAttribute("aria-label", list.getAttribute("aria-label"));
    }
  }
}
window.addEventListener("load", () => setTimeout(nameChoices));
document.addEventListener("formset:added", () => setTimeout(nameChoices));
