// What a browser does not tell a server by itself: the look that was chosen, pasted images, the folders of dropped files.
(() => {
  const look = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => localStorage.getItem('topfive-look') ?? (look.matches ? 'dark' : 'light');
  const show = () => document.documentElement.dataset.look = chosen();
  show();
  look.addEventListener('change', show);

  document.addEventListener('click', event => {
    if (!event.target.closest?.('[data-theme-switch]')) return;
    localStorage.setItem('topfive-look', chosen() === 'dark' ? 'light' : 'dark');
    show();
  });

  // A pasted image is as if it had been chosen in the page's file field.
  document.addEventListener('paste', event => {
    const input = document.querySelector('input[type=file][data-paste]');
    if (!input || !event.clipboardData?.files.length) return;
    event.preventDefault();
    input.files = event.clipboardData.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  });

  // A file that misses the field must not replace the page.
  for (const kind of ['dragover', 'drop']) {
    document.addEventListener(kind, event => {
      if (event.target.closest?.('input[type=file]')) return;
      event.preventDefault();
    });
  }

  for (const [kind, over] of [['dragenter', true], ['dragleave', false], ['drop', false]]) {
    document.addEventListener(kind, event => event.target.closest?.('.drop')?.classList.toggle('over', over));
  }

  window.topfiveConsole = {
    previews: input => Array.from(input.files, file => URL.createObjectURL(file)),
    forget: urls => urls.forEach(url => URL.revokeObjectURL(url)),
    folders: input => Array.from(input.files, file => file.webkitRelativePath),
    open: dialog => dialog.showModal(),
    close: dialog => dialog.close(),
  };
})();
