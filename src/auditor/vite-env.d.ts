declare module '*page.css';
