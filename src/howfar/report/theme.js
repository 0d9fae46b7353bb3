// Light or dark: as the system has it, until the reader says otherwise. Figures are told, so that they change their inks.

const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');
const toggle = document.getElementById('theme');

/** A file opened from the disk may not be allowed to keep anything. */
const kept = (value) => {
  try {
    if (value) localStorage.setItem('howfar-theme', value);
    return localStorage.getItem('howfar-theme');
  } catch {
    return null;
  }
};

const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);

function tell() {
  toggle.textContent = isDark() ? 'Light' : 'Dark';
  toggle.setAttribute('aria-label', `Change to the ${isDark() ? 'light' : 'dark'} theme`);
  dispatchEvent(new Event('howfar:redraw'));
}

const wanted = kept();
if (wanted === 'dark' || wanted === 'light') root.dataset.theme = wanted;
toggle.hidden = false;
toggle.addEventListener('click', () => {
  root.dataset.theme = isDark() ? 'light' : 'dark';
  kept(root.dataset.theme);
  tell();
});
system.addEventListener('change', tell);
tell();
