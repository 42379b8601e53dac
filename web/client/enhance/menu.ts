// The header's menu closes on Escape and on a press outside it.

const menu = document.querySelector<HTMLDetailsElement>("details.menu");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || menu === null || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});

document.addEventListener("click", (event) => {
  if (menu?.open && event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
});
