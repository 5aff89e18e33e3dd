// pgjdbc: extended protocol only, server-side prepare and binary transfer after five runs, fetch
// sizes, batches, COPY, cancel, metadata.

import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

public class JdbcClient {
    static void show(String name, Object value) {
        System.out.println(name + ": " + value);
    }

    static String rows(ResultSet rows) throws SQLException {
        ResultSetMetaData meta = rows.getMetaData();
        List<String> out = new ArrayList<>();
        while (rows.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= meta.getColumnCount(); i++) {
                row.add(meta.getColumnTypeName(i) + "=" + rows.getString(i));
            }
            out.add(row.toString());
        }
        return out.toString();
    }

    static void reading(Connection conn) throws SQLException {
        String[] queries = {
            "select * from customers order by id limit 3",
            "select * from payments order by id limit 3",
            "select * from orders order by id limit 3",
            "select sku, embedding, attributes, price from products order by sku limit 2",
            "select * from hr.employees order by id limit 2",
        };
        for (String query : queries) {
            try (Statement s = conn.createStatement(); ResultSet r = s.executeQuery(query)) {
                show(query, rows(r));
            }
        }
        // Past the fifth run pgjdbc prepares on the server and asks for binary results.
        String query = "select id, email, birth_date, credit_limit, signed_up_at from customers where id = ?";
        try (PreparedStatement s = conn.prepareStatement(query)) {
            for (int i = 1; i <= 8; i++) {
                s.setLong(1, i);
                try (ResultSet r = s.executeQuery()) {
                    r.next();
                    show("run " + i, r.getLong(1) + " " + r.getString(2) + " " + r.getDate(3) + " "
                        + r.getBigDecimal(4) + " " + r.getTimestamp(5).getTime());
                }
            }
        }
    }

    static void fetching(Connection conn) throws SQLException {
        conn.setAutoCommit(false);
        try (Statement s = conn.createStatement()) {
            s.setFetchSize(500);
            long sum = 0;
            try (ResultSet r = s.executeQuery("select id from orders order by id")) {
                while (r.next()) {
                    sum += r.getLong(1);
                }
            }
            show("fetched", sum);
            s.setMaxRows(10);
            try (ResultSet r = s.executeQuery("select id from orders order by id")) {
                show("at most", rows(r));
            }
        }
        conn.commit();
        conn.setAutoCommit(true);
    }

    static void writing(Connection conn) throws SQLException {
        conn.setAutoCommit(false);
        try (Statement s = conn.createStatement()) {
            s.execute("create temp table t (a int primary key, b text)");
        }
        try (PreparedStatement s = conn.prepareStatement("insert into t values (?, ?)")) {
            for (int i = 0; i < 1000; i++) {
                s.setInt(1, i);
                s.setString(2, "ü" + i);
                s.addBatch();
            }
            show("batch", s.executeBatch().length);
        }
        try (Statement s = conn.createStatement()) {
            show("updated", s.executeUpdate("update t set b = 'x' where a < 10"));
            s.execute("select 1; select 2");
            show("more", s.getMoreResults());
        }
        conn.rollback();
        try (Statement s = conn.createStatement()) {
            s.execute("select 1 / 0");
        } catch (SQLException error) {
            show("error", error.getSQLState() + " " + error.getMessage());
        }
        conn.rollback();
        conn.setAutoCommit(true);
    }

    static void copying(Connection conn) throws Exception {
        PGConnection own = conn.unwrap(PGConnection.class);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        show("copy out", own.getCopyAPI().copyOut(
            "copy (select id, email from customers order by id limit 5) to stdout (format csv)", out));
        show("data", out.toString("UTF-8").replace("\n", "|"));
        try (Statement s = conn.createStatement()) {
            s.execute("create temp table taken (a int, b text)");
        }
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 10000; i++) {
            lines.append(i).append("\tline\n");
        }
        show("copy in", own.getCopyAPI().copyIn("copy taken from stdin", new StringReader(lines.toString())));
    }

    static void metadata(Connection conn) throws SQLException {
        try (ResultSet r = conn.getMetaData().getTables(null, "public", "%", new String[] {"TABLE", "VIEW"})) {
            List<String> names = new ArrayList<>();
            while (r.next()) {
                names.add(r.getString("TABLE_NAME"));
            }
            show("tables", names);
        }
        try (ResultSet r = conn.getMetaData().getColumns(null, "public", "customers", "%")) {
            List<String> names = new ArrayList<>();
            while (r.next()) {
                names.add(r.getString("COLUMN_NAME") + " " + r.getString("TYPE_NAME"));
            }
            show("columns", names);
        }
        try (ResultSet r = conn.getMetaData().getPrimaryKeys(null, "public", "order_items")) {
            show("keys", rows(r));
        }
    }

    static void events(Connection conn) throws Exception {
        PGConnection own = conn.unwrap(PGConnection.class);
        try (Statement s = conn.createStatement()) {
            s.execute("listen news");
            s.execute("select pg_notify('news', 'fresh')");
            PGNotification[] heard = own.getNotifications(10000);
            show("notify", heard[0].getName() + " " + heard[0].getParameter() + " "
                + (heard[0].getPID() == own.getBackendPID()));
            s.execute("do $$ begin raise notice 'hello'; end $$");
            show("notice", s.getWarnings().getMessage());
        }
    }

    static void cancelling(Connection conn) throws Exception {
        try (Statement s = conn.createStatement()) {
            Thread canceller = new Thread(() -> {
                try {
                    Thread.sleep(500);
                    s.cancel();
                } catch (Exception error) {
                    show("cancel", error);
                }
            });
            canceller.start();
            s.execute("select pg_sleep(30)");
        } catch (SQLException error) {
            show("cancelled", error.getSQLState());
        }
        try (Statement s = conn.createStatement(); ResultSet r = s.executeQuery("select 1")) {
            show("alive", rows(r));
        }
    }

    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PORT") + "/" + System.getenv("DATABASE");
        try (Connection conn = DriverManager.getConnection(url, System.getenv("USER_NAME"), System.getenv("PASSWORD"))) {
            reading(conn);
            if (System.getenv("PART") == null) {
                fetching(conn);
                writing(conn);
                copying(conn);
                metadata(conn);
                events(conn);
                cancelling(conn);
            }
        }
        System.out.println("done");
    }
}
