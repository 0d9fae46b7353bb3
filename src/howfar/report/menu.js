// The list of figures folds up when one of them was chosen, with Escape, and when the reader turns elsewhere.

for (const menu of document.querySelectorAll('details.menu')) {
  const fold = () => {
    menu.open = false;
  };
  menu.addEventListener('click', (event) => {
    if (event.target.closest('a')) fold();
  });
  addEventListener('pointerdown', (event) => {
    if (!menu.contains(event.target)) fold();
  });
  menu.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) fold();
  });
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    fold();
    menu.querySelector('summary').focus();
  });
}
