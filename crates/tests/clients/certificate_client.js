// node-postgres with a client's certificate and no password.

const fs = require("fs");
const { Client } = require("pg");

async function main() {
  const client = new Client({
    host: "127.0.0.1",
    port: Number(process.env.PORT),
    database: process.env.DATABASE,
    user: process.env.USER_NAME,
    ssl: {
      rejectUnauthorized: false,
      cert: fs.readFileSync(process.env.CERTIFICATE, "utf8"),
      key: fs.readFileSync(process.env.KEY, "utf8"),
    },
  });
  await client.connect();
  const { rows } = await client.query("select id from customers where id = $1", [1]);
  for (const row of rows) console.log(row.id);
  await client.end();
  console.log("done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
