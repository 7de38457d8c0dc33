// What a page can do beyond what it does without this file: copy the address of an answer.
const status = document.createElement("span");
status.setAttribute("role", "status");
status.className = "visually-hidden";
document.body.append(status);

for (const button of document.querySelectorAll("[data-copy-link]")) {
  const words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const address = new URL(location.pathname + button.dataset.copyLink, location.origin);
    try {
      await navigator.clipboard.writeText(address);
      button.textContent = "Copied";
    } catch {
      location.hash = button.dataset.copyLink; // no clipboard to be had: the address bar has the link
      button.textContent = "Copy it from the address bar";
    }
    status.textContent = button.textContent;
    setTimeout(() => { button.textContent = words; status.textContent = ""; }, 2500);
  });
}
