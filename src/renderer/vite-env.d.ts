declare module '@mantine/core/styles.css';
declare module '@mantine/notifications/styles.css';
declare module '@mantine/spotlight/styles.css';
declare module '*global.css';
declare module '@fontsource-variable/inter';
declare module '@fontsource-variable/jetbrains-mono';
declare module '@xterm/xterm/css/xterm.css';
