/** This project's version; a test keeps it equal to package.json's. */
export const PROJECT_VERSION = "0.1.0"
