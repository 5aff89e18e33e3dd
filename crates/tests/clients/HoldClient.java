// pgjdbc: one statement that waits for approval; prints warnings and what came of it. PART is the row
// that it deletes, or a word before it: `expires`, `cancel` (by the driver, once it waits), `gone` (the
// program ends while it waits).

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.Properties;

public class HoldClient {
    static final String DELETE = "delete from jobs where id = ?";
    static final String MERGE = "merge into jobs using (select ?::int as id) s on jobs.id = s.id "
        + "when matched then delete";

    /** Once it waits: cancels it, or ends the program. */
    static void then(PreparedStatement statement, String how) {
        try {
            while (statement.getWarnings() == null) {
                Thread.sleep(10);
            }
            if (how.equals("gone")) {
                System.out.println("done");
                System.out.flush();
                Runtime.getRuntime().halt(0);
            }
            statement.cancel();
        } catch (Exception error) {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    public static void main(String[] args) throws Exception {
        String part = System.getenv("PART");
        String how = part.contains(" ") ? part.split(" ")[0] : "waits";
        int row = Integer.parseInt(part.substring(part.indexOf(' ') + 1));
        Properties as = new Properties();
        as.setProperty("user", System.getenv("USER_NAME"));
        as.setProperty("password", System.getenv("PASSWORD"));
        String url = "jdbc:postgresql://127.0.0.1:" + System.getenv("PORT") + "/"
            + System.getenv("DATABASE");
        try (Connection conn = DriverManager.getConnection(url, as)) {
            String sql = how.equals("expires") ? MERGE : DELETE;
            try (PreparedStatement statement = conn.prepareStatement(sql)) {
                statement.setInt(1, row);
                if (how.equals("cancel") || how.equals("gone")) {
                    new Thread(() -> then(statement, how)).start();
                }
                try {
                    System.out.println("deleted: " + statement.executeUpdate());
                } catch (SQLException error) {
                    String first = error.getMessage().split("\n")[0];
                    System.out.println("error: " + error.getSQLState() + " " + first);
                }
                SQLWarning warning = statement.getWarnings();
                for (; warning != null; warning = warning.getNextWarning()) {
                    System.out.println("notice: " + warning.getMessage());
                }
            }
            if (!conn.isClosed()) {
                try (ResultSet one = conn.createStatement().executeQuery("select 1")) {
                    one.next();
                    System.out.println("alive: " + one.getInt(1));
                }
            }
        }
        System.out.println("done");
    }
}
